const bigLength = 204_800
const longestPid = 7

/** Returns nginx.conf. nginx answers `/` and `/big` itself, and forwards live connections, which it cannot answer. */
export function nginxConfiguration({ folder, port, tls, backend, settings }) {
  const isOfMain = (setting) => setting.startsWith('worker_')
  const lines = (wanted) => wanted.map((setting) => `${setting};`).join('\n')
  return `
    user root;
    worker_processes 1;
    worker_rlimit_nofile 20000;
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log;
    ${lines(settings.filter(isOfMain))}
    events { worker_connections 8192; }
    http {
      access_log off;
      default_type text/plain;
      ${temporaryPaths(folder)}
      ${lines(settings.filter((setting) => !isOfMain(setting)))}
      map $pid $pad { ${pads()} }
      server {
        listen 127.0.0.1:${port} ${tls ? 'ssl' : ''};
        ${tls ? `ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};` : ''}
        location = / { return 200 "GENERATION $pid\\n"; }
        location = /big {
          set $thousand "${'.'.repeat(1_000)}";
          set $ten "${'$thousand'.repeat(10)}";
          return 200 "GENERATION $pid\\n${bigRest()}$pad";
        }
        location / {
          proxy_pass http://unix:${backend};
          proxy_http_version 1.1;
          proxy_buffering off;
          proxy_set_header X-Generation $pid;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $http_connection;
        }
      }
    }
  `
}

function temporaryPaths(folder) {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')
}

/** A string of the configuration may have 4 KiB, so variables hold the longer ones. */
function bigRest() {
  const length = bigLength - 'GENERATION \n'.length - longestPid
  const thousands = Math.floor(length / 1_000)
  return (
    '$ten'.repeat(Math.floor(thousands / 10)) +
    '$thousand'.repeat(thousands % 10) +
    '.'.repeat(length % 1_000)
  )
}

/** Fills up what a shorter pid leaves. */
function pads() {
  return Array.from(
    { length: longestPid },
    (_, missing) => `"~^\\d{${longestPid - missing}}$" "${'.'.repeat(missing)}";`,
  ).join(' ')
}
