# What json-server makes of a database of posts and comments: https://github.com/typicode/json-server/tree/v0.17.4

# Posts come in numbered pages. A marker among the tags finds a post that an interrupted run made.
kind "post" {
  description = "A post of the blog"
  provider    = "rest"
  collection  = "/posts"

  attribute "title" {
    type     = string
    required = true
  }
  attribute "body" { type = string }
  attribute "tags" {
    type    = set(string)
    default = []
  }
  attribute "author" {
    type    = object({ name = string, email = optional(string) })
    partial = true
  }
  computed "id" { type = number }

  update {}
  list {
    page {
      number_param = "_page"
      size         = 50
      size_param   = "_limit"
      total_header = "X-Total-Count"
    }
    search { tag = "tags_like" }
  }
  marker { attribute = "tags" }
}

# Comments are made below a post and live in a collection of their own, whose pages are linked. Nothing in one could carry a marker.
kind "comment" {
  description = "A comment on a post"
  provider    = "rest"
  collection  = "/posts/${post}/comments"
  object      = "/comments/${id}"

  attribute "post" {
    type     = number
    required = true
    parent   = true
    at       = "postId"
  }
  attribute "text" {
    type     = string
    required = true
  }
  computed "id" { type = number }

  update {}
  list {
    query = { _page = "1" }
    page {
      link       = true
      size       = 20
      size_param = "_limit"
    }
  }
}
