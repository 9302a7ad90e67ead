// A service that knows nothing of restarts: SIGTERM ends it.
import { benchServer } from './server.mjs'

benchServer().listen(Number(process.env.PORT), '127.0.0.1', 4096, () => console.log('ready'))
