# attempt COMMAND...: mirrors fail now and then, and rarely for long.
attempt() {
  local pause
  for pause in 5 15 0; do
    "$@" && return
    sleep "$pause"
  done
  return 1
}
