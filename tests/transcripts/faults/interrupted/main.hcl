instance "a" {
  element       = "freshdesk"
  configuration = { username = "ops@example.com", password = "s3cret-a", subdomain = "a" }
}

instance "b" {
  element       = "freshdesk"
  configuration = { username = "ops@example.com", password = "s3cret-b", subdomain = "b" }
  tags          = [instance.a.id]
}

instance "c" {
  element       = "freshdesk"
  configuration = { username = "ops@example.com", password = "s3cret-c", subdomain = "c" }
  depends_on    = [instance.b]
}
