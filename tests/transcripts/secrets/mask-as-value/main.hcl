instance "a" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "********"
    subdomain = "example"
  }
}
