if [[ -o interactive ]] && zmodload zsh/datetime 2>/dev/null; then
  typeset -g __kairos_program=@PROGRAM@
  typeset -g __kairos_socket=@SOCKET@
  typeset -g __kairos_command= __kairos_folder= __kairos_started=

  __kairos_preexec() {
    emulate -L zsh
    __kairos_command=$1
    __kairos_folder=$PWD
    __kairos_started=$EPOCHREALTIME
  }

  __kairos_precmd() {
    local code=$?
    emulate -L zsh
    local text=$__kairos_command
    __kairos_command=
    [[ -n $text && $text != [[:space:]]* && $text != *kairos-run\ exec\ * ]] || return 0
    [[ -S ${KAIROS_SOCKET:-$__kairos_socket} ]] || return 0
    local -i ms=$(( (EPOCHREALTIME - __kairos_started) * 1000 ))
    # Of all ways to start something, this one costs a single fork and leaves `$!` and the jobs as they were. The sleep lets
    # the prompt come first: on a busy machine, what starts at once holds it up.
    : <(
      exec </dev/null >/dev/null 2>&1
      trap '' HUP INT
      command sleep 0.02
      exec "$__kairos_program" report-command --exit-code $code --duration-ms $ms --folder "$__kairos_folder" \
        -- "${text[1,8192]}"
    )
  }

  autoload -Uz add-zsh-hook
  add-zsh-hook preexec __kairos_preexec
  add-zsh-hook precmd __kairos_precmd
fi
