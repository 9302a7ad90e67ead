#!/bin/sh
# Works in small steps, and finishes the present one when it is stopped.
trap 'stopping=yes' TERM
systemd-notify --ready --status='working, v1'
while [ -z "${stopping-}" ]; do
  sleep 1
done
