provider "cloudelements" {
  alias    = "eu"
  base_url = env("CLOUD_ELEMENTS_BASE_URL")
}

instance "a" {
  provider = cloudelements.eu
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-a"
    subdomain = "example"
  }
}
