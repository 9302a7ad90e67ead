# The shell script that procroll's bin begins with. tsup.config.ts joins its lines into one.
# Only a shell can keep --env-file of a command from Node, by `--`, and tell Node the soft limit of open files that Node raises.
# Shells drop variables with odd names, so the environment travels as well. See docs/decisions/0017.
case $1 in run) PROCROLL_STARTED=$(base64 /proc/$$/environ 2>/dev/null) ;; *) PROCROLL_STARTED= ;; esac
# The kernel takes at most 128 KiB for one variable.
[ "${#PROCROLL_STARTED}" -lt 120000 ] || PROCROLL_STARTED=
PROCROLL_STARTED="$$ $(ulimit -Sn) $PROCROLL_STARTED" exec node -- "$0" "$@"
