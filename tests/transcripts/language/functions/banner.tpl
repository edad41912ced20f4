Welcome to ${title}!
%{ for region in regions ~}
* ${region}
%{ endfor ~}
