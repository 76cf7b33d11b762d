if status is-interactive
    set -g __kairos_program @PROGRAM@
    set -g __kairos_socket @SOCKET@
    set -g __kairos_folder $PWD

    function __kairos_preexec --on-event fish_preexec
        set -g __kairos_folder $PWD
    end

    function __kairos_postexec --on-event fish_postexec
        set -l code $status
        set -l socket $__kairos_socket
        test -n "$KAIROS_SOCKET"; and set socket "$KAIROS_SOCKET"
        test -S "$socket"; or return
        set -q fish_private_mode; and return
        string match -qr '^\s|kairos-run exec ' -- $argv[1]; and return
        # What the user keeps out of the history by a rule of their own is private, too.
        if functions -q fish_should_add_to_history
            fish_should_add_to_history $argv[1] </dev/null >/dev/null 2>&1; or return
        end
        set -l text (string sub -l 8192 -- $argv[1] | string collect)
        set -l last $last_pid
        # The sleep lets the prompt come first: on a busy machine, what starts at once holds it up. A shell that ends meanwhile
        # would take its jobs along.
        command sh -c 'trap "" HUP; sleep 0.02; exec "$@"' sh "$__kairos_program" report-command --exit-code $code \
            --duration-ms "$CMD_DURATION" --folder "$__kairos_folder" -- "$text" </dev/null >/dev/null 2>&1 &
        # Neither `jobs` nor `wait` nor `$last_pid` tells of it. It may have ended by now, which is no error.
        disown $last_pid 2>/dev/null
        if set -q last[1]
            set -g last_pid $last
        else
            set -e last_pid
        end
    end
end
