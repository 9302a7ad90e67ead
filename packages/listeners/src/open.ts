export { isAddressInUse, type OpenListeners, openListeners, pathAccess } from './addresses/open-listeners.ts'
export { socketsAt } from './addresses/sockets-at.ts'
