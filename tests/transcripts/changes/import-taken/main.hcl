instance "a" {
  element = "freshdesk"
  name    = "a"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-desk"
    subdomain = "example"
  }
}
