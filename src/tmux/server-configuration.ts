/**
 * The whole configuration of the private server; the user's own is never read. Not `window-size manual` for all:
 * with `new-session` it crashes the servers 3.3a to 3.6b (measured), so each window gets it after it is there.
 * It ends with its last session: nothing is left of it when nobody needs it, and whoever needs it starts it (`newPane`).
 * All keys but leaving and looking back are taken away: whoever watches cannot end a pane by a slip.
 */
export const SERVER_CONFIGURATION = `set -s exit-empty on
set -s set-clipboard off
set -s escape-time 0
set -s extended-keys on
set -g remain-on-exit on
set -g remain-on-exit-format ''
set -g history-limit 50000
set -g default-terminal tmux-256color
set -g update-environment ''
set -g destroy-unattached off
set -g detach-on-destroy on
set -g allow-rename off
setw -g automatic-rename off
set -g mouse off
set -g visual-bell off
set -g bell-action none
set -g status-left ' #{session_name} '
set -g status-left-length 60
set -g status-right ' C-b d leaves, C-b [ looks back '
set -g status-right-length 60
set -g window-status-format ''
set -g window-status-current-format ''
unbind-key -a -T prefix
unbind-key -a -T root
bind-key d detach-client
bind-key [ copy-mode
bind-key PPage copy-mode -u
bind-key C-b send-prefix
`;
