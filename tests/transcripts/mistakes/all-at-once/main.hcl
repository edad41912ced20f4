instance "support" {
  elment = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-support"
    subdomain = "example"
  }
}

instance "connectwise" {
  element = "connectwisehd"

  configuration = {
    "helpdesk.connectwise.username"   = "ops"
    "helpdesk.connectwise.server.url" = "https://connectwise.example"
  }
}
