instance "connectwise" {
  element = "connectwisehd"

  configuration = {
    "helpdesk.connectwise.username"   = "ops"
    "helpdesk.connectwise.password"   = "s3cret-connectwise"
    "helpdesk.connectwise.server.url" = "https://connectwise.example"
    "helpdesk.connectwise.company"    = "example"
    "filter.response.nulls" = true
  }
}
