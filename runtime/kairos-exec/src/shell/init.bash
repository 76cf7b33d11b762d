if [[ $- == *i* ]] && (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404 )); then
  __kairos_file=@FILE@
  __kairos_on=x
  __kairos_started=
  __kairos_known=
  __kairos_history=
  __kairos_folder=$PWD
  __kairos_unread=0

  # $1 is the exit code of the command, $2 its last argument.
  __kairos_precmd() {
    local started=${__kairos_started:-} folder=${__kairos_folder:-$PWD} now history text LC_ALL=C
    __kairos_started=
    __kairos_folder=$PWD
    # Without the file nobody wants to know. If nobody has read it for a while, who made it was killed: it must not grow.
    if [[ -w $__kairos_file && ! -s $__kairos_file ]]; then
      __kairos_unread=0
    elif [[ ! -w $__kairos_file ]] || ((__kairos_unread >= 100)); then
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
      __kairos_unread=$((__kairos_unread + 1))
      builtin printf '\0>\0%s\0%s\0%s\0%s\0<\0' "$1" "$(((now - started) / 1000))" "$folder" "$text" \
        2>/dev/null >>"$__kairos_file" || :
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
