variable "code" {
  type      = string
  sensitive = true
  default   = "s3cret-code-1"
}

instance "crm" {
  element = "hubspotcrm"
  configuration = {
    "authentication.type" = "oauth2"
    "oauth.api.key"       = "s3cret-key"
    "oauth.api.secret"    = "s3cret-secret"
    "oauth.callback.url"  = "https://example.com/oauth"
  }
  provider_data = { code = var.code }
}
