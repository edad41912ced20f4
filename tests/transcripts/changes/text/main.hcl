instance "autotask" {
  element = "autotaskhelpdesk"

  configuration = {
    "helpdesk.autotask.username"   = "ops@example.com"
    "helpdesk.autotask.password"   = "s3cret-autotask"
    "helpdesk.autotask.server.url" = "https://webservices.autotask.example"
    "event.notification.enabled"   = true
    "event.poller.refresh_interval" = 15
  }
}
