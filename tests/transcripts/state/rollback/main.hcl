instance "a" {
  element = "freshdesk"
  name    = "A"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-a"
    subdomain = "a"
  }
}

instance "b" {
  element = "freshdesk"
  name    = "B"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-b"
    subdomain = "b"
  }
}
