# Posts and a comment on each, on a json-server: see README.md.

variable "server" {
  type    = string
  default = "http://127.0.0.1:3000"
}

provider "rest" {
  base_url = var.server
}

module "blog" {
  source = "./blog"
}

variable "posts" {
  type = map(object({
    body  = string
    first = string
  }))
  default = {
    "Hello"    = { body = "The first one.", first = "Welcome!" }
    "Releases" = { body = "What changed.", first = "At last." }
  }
}

post "all" {
  for_each = var.posts

  title  = each.key
  body   = each.value.body
  tags   = ["news"]
  author = { name = "Ada" }
}

comment "first" {
  for_each = post.all

  post = each.value.id
  text = var.posts[each.key].first
}

output "posts" {
  value = { for title, post in post.all : title => post.id }
}
