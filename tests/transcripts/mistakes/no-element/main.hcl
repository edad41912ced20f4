instance "a" {
  element = "freshdeks"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-a"
    subdomain = "example"
  }
}
