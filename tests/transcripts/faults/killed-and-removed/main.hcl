provider "cloudelements" {}
