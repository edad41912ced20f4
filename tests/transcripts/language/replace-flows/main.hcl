instance "first" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-first"
    subdomain = "example"
  }
}

instance "second" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-second"
    subdomain = "example"
  }
  name = "After ${instance.first.id}"
}
