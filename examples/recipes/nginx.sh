#!/bin/sh
# Becomes nginx with the socket of procroll, and reports ready when nginx has written its pid file.
pid=/run/nginx-rolled-$1.pid
rm -f "$pid"
(until [ -s "$pid" ]; do sleep 0.1; done; exec systemd-notify --ready) &
exec env NGINX='3;' nginx -c /srv/recipes/current/nginx.conf -g "daemon off; pid $pid;"
