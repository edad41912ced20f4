job "sweep" {
  description = "Throws old events away"
  cron        = "0 0/30 * * * ?"
  method      = "POST"
  uri         = "/hubs/helpdesk/sweep"
  body        = { days = 30 }
  enabled     = false
}
