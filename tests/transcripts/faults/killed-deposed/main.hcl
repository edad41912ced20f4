instance "a" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-a"
    subdomain = "example"
  }

  lifecycle {
    create_before_destroy = true
  }
}
