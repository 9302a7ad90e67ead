import { SupervisorPlaces } from '@shellflip/supervisor-control'

/** Where the supervisors of procroll get requests. */
export const places = new SupervisorPlaces('procroll')
