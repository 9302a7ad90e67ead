/** Bytes of the longest path of a UNIX socket: sun_path is 108 on Linux and 104 on macOS, with the NUL that ends it. */
export const LONGEST_SOCKET_PATH = process.platform === 'linux' ? 107 : 103
