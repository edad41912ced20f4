job "sweep" {
  cron   = "0 0/30 * * * ?"
  method = "POST"
  uri    = "/hubs/helpdesk/sweep"
}
