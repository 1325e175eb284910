"""Real processes in bad weather: clients, a server and PostgreSQL, killed, stopped and cut off from each
other, and at the end a judge who asks what became of every mark that somebody was shown as saved."""
