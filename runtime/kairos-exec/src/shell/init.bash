if [[ $- == *i* ]] && (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404 )); then
  __kairos_program=@PROGRAM@
  __kairos_socket=@SOCKET@
  __kairos_on=x
  __kairos_started=
  __kairos_known=
  __kairos_history=
  __kairos_folder=$PWD

  # $1 is the exit code of the command, $2 its last argument.
  __kairos_precmd() {
    local started=${__kairos_started:-} folder=${__kairos_folder:-$PWD} now history text LC_ALL=C
    __kairos_started=
    __kairos_folder=$PWD
    if [[ ! -S ${KAIROS_SOCKET:-$__kairos_socket} ]]; then
      __kairos_known=
      return "$1"
    fi
    # Without a command there is nothing new in the history, once it is known.
    [[ -z $started && -n $__kairos_known ]] && return "$1"
    history=$(HISTTIMEFORMAT='' builtin history 1)
    text=${history#"${history%%[0-9]*}"}
    text=${text#"${text%%[!0-9]*}"}
    text=${text:2}
    if [[ -n $started && -n $__kairos_known && -n $text && $text != [[:space:]]* && $text != *kairos-run\ exec\ * ]] &&
      { [[ $history != "$__kairos_history" ]] || [[ -n $2 && ${text##*[[:space:]]} == "$2" ]]; }; then
      if [[ -n ${EPOCHREALTIME-} ]]; then
        now=${EPOCHREALTIME//[!0-9]/}
      else
        now=${SECONDS}000000
      fi
      # The sleep lets the prompt come first: on a busy machine, what starts at once holds it up.
      (
        trap - DEBUG ERR
        {
          command sleep 0.02
          exec "$__kairos_program" report-command --exit-code "$1" --duration-ms "$(((now - started) / 1000))" \
            --folder "$folder" -- "${text:0:8192}"
        } </dev/null >/dev/null 2>&1 &
      ) 2>/dev/null
    fi
    __kairos_known=x
    __kairos_history=$history
    return "$1"
  }

  # PS0 is expanded once a command was read, before it runs; the arithmetic leaves the time behind and no text.
  if [[ ${PS0-} != *__kairos_started* ]]; then
    if [[ -n ${EPOCHREALTIME-} ]]; then
      PS0=${PS0-}'${__kairos_on:$((__kairos_started=${EPOCHREALTIME//[!0-9]/},0)):0}'
    else
      PS0=${PS0-}'${__kairos_on:$((__kairos_started=SECONDS*1000000+1,0)):0}'
    fi
  fi

  if [[ -n ${bash_preexec_imported-}${__bp_imported-} ]]; then
    if [[ " ${precmd_functions[*]-} " != *__kairos_precmd_function* ]]; then
      __kairos_precmd_function() { __kairos_precmd "$?" "$_"; }
      precmd_functions=(__kairos_precmd_function ${precmd_functions[@]+"${precmd_functions[@]}"})
    fi
  elif [[ ${PROMPT_COMMAND[*]-} != *__kairos_precmd* ]]; then
    if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
      PROMPT_COMMAND=('__kairos_precmd "$?" "$_"' ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"})
    else
      PROMPT_COMMAND='__kairos_precmd "$?" "$_"'${PROMPT_COMMAND:+$'\n'$PROMPT_COMMAND}
    fi
  fi
fi
