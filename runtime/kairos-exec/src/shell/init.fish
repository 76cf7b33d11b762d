if status is-interactive
    set -g __kairos_file @FILE@
    set -g __kairos_folder $PWD
    set -g __kairos_unread

    function __kairos_preexec --on-event fish_preexec
        set -g __kairos_folder $PWD
    end

    function __kairos_postexec --on-event fish_postexec
        set -l code $status
        # Without the file nobody wants to know. If nobody has read it for a while, who made it was killed: it must not grow.
        builtin test -w "$__kairos_file"; or return
        if not builtin test -s "$__kairos_file"
            set -g __kairos_unread
        else if set -q __kairos_unread[100]
            return
        end
        set -q fish_private_mode; and return
        string match -qr '^\s|kairos-run exec ' -- $argv[1]; and return
        # What the user keeps out of the history by a rule of their own is private, too.
        if functions -q fish_should_add_to_history
            fish_should_add_to_history $argv[1] </dev/null >/dev/null 2>&1; or return
        end
        set -ga __kairos_unread x
        builtin printf '\0>\0%s\0%s\0%s\0%s\0<\0' $code "$CMD_DURATION" "$__kairos_folder" "$argv[1]" \
            2>/dev/null >>"$__kairos_file"
        # Of a full disk, fish itself speaks up, each time: once is enough.
        or set -g __kairos_file
    end
end
