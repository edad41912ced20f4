instance "people" {
  element       = "bamboohr"
  configuration = { username = "s3cret-api-key" }
}
