provider "cloudelements" {
  description = "The Cloud Elements platform (SAP Open Connectors)"

  argument "base_url" {
    type    = string
    env     = "CLOUD_ELEMENTS_BASE_URL"
    default = "https://api.cloud-elements.com/elements/api-v2"
  }
  argument "user_secret" {
    type      = string
    required  = true
    sensitive = true
    env       = "CLOUD_ELEMENTS_USER_SECRET"
  }
  argument "organization_secret" {
    type      = string
    required  = true
    sensitive = true
    env       = "CLOUD_ELEMENTS_ORGANIZATION_SECRET"
  }

  # People write the address with or without the API's path, with or without a slash at the end.
  base_url = "${trimsuffix(trimsuffix(base_url, "/"), "/elements/api-v2")}/elements/api-v2"
  headers = {
    Authorization = "User ${user_secret}, Organization ${organization_secret}"
  }
  errors = {
    message    = "message"
    detail     = "providerMessage"
    request_id = "requestId"
  }
}
