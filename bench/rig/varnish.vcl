# Varnish in front of the bench's origin: the built-in VCL plus what large objects need. @WORDS@ are filled in by
# bench/rig/servers.ts. Storage is malloc, of the same size as every other server's cache. varnishncsa is not running:
# Varnish writes its shared memory log (in memory) and no file, so it has less to do than the others, which log every
# request to a file.
vcl 4.1;

backend origin {
  .host = "127.0.0.1";
  .port = "@ORIGIN_PORT@";
}

sub vcl_recv {
  # What has a token is not cached by the built-in VCL. Varnish judges none here.
  unset req.http.Authorization;
  # Varnish caches whole objects only. One of 1 GB and more (ten digits of size in the name) fits no store here, and
  # passed on, it would pile up in memory for each reader (7.1 has no transit_buffer yet). So it is piped: each reader
  # gets it by an origin request of its own.
  if (req.url ~ "^/bucket/large-[0-9]{10,}-") {
    return (pipe);
  }
}

sub vcl_deliver {
  if (obj.hits > 0) {
    set resp.http.X-Cache = "HIT";
  } else {
    set resp.http.X-Cache = "MISS";
  }
}
