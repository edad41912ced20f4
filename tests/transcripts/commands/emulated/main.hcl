provider "cloudelements" {
  base_url            = "emulator"
  user_secret         = "any"
  organization_secret = "any"
}

instance "a" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-a"
    subdomain = "example"
  }
}
