-- For bench/selfcheck: wrk against an echo server, with messages of 64 bytes.
-- What it sends comes back, and so must be an answer: the same for every
-- request, as wrk asks for it once. Before that it asks for one only to see
-- that it is a request.
local seen = false

function wrk.init()
   wrk.request = function()
      if not seen then
         seen = true
         return "GET / HTTP/1.1\r\n\r\n"
      end
      return "HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n" ..
         string.rep(".", 25)
   end
end
