instance "a" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-a"
    subdomain = "example"
  }
}

instance "b" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-b"
    subdomain = "example"
  }
}
