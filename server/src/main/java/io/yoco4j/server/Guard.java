package io.yoco4j.server;

import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.yoco4j.core.Sha256;
import io.yoco4j.server.api.ApiException;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Lets requests through that bring a key, where keys are asked for; where none are, and the server is for its own machine
 * alone, those that name this machine as their host, so that no page elsewhere can reach it by a name of its own.
 */
final class Guard implements Filter {
    /** Addresses, not names that begin like one: those may lead anywhere. */
    private static final Pattern LOOPBACK = Pattern.compile("127(\\.\\d{1,3}){3}");

    private static final String BEARER = "bearer ";
    private static final ApiException UNKNOWN = new ApiException(
            401,
            "invalid_request_error",
            Optional.empty(),
            Optional.of("invalid_api_key"),
            Optional.empty(),
            "The API key is missing or wrong; send it as Authorization: Bearer KEY");

    private final List<byte[]> keys;
    private final boolean ownMachineAlone;
    private final String host;

    Guard(ServerOptions options) {
        keys = options.apiKeys().stream().map(Sha256::of).toList();
        host = options.host();
        ownMachineAlone = keys.isEmpty() && ServerOptions.loopback(host);
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        if (ownMachineAlone && !ofThisMachine(request)) {
            ApiException other = ApiException.invalid(
                    403, "The server answers to localhost alone, but the request is for another host; use that name");
            ReplyWriter.send(request, response, other.status(), other.body());
        } else if (!keys.isEmpty() && Routes.guarded(request.path().path()) && !allowed(request)) {
            response.header(HeaderNames.WWW_AUTHENTICATE, "Bearer");
            ReplyWriter.send(request, response, UNKNOWN.status(), UNKNOWN.body());
        } else {
            chain.proceed();
        }
    }

    private boolean ofThisMachine(RoutingRequest request) {
        String named = request.requestedUri().host().toLowerCase(Locale.ROOT);
        return named.equals("localhost")
                || named.equals(host.toLowerCase(Locale.ROOT))
                || LOOPBACK.matcher(named).matches()
                || named.equals("::1")
                || named.equals("[::1]");
    }

    /** In a time that does not depend on how much of a key is right: hashes are compared, with all keys, to their end. */
    private boolean allowed(RoutingRequest request) {
        Optional<String> header = Optional.of(request.headers())
                .filter(h -> h.contains(HeaderNames.AUTHORIZATION))
                .map(h -> h.get(HeaderNames.AUTHORIZATION))
                .map(Header::get)
                .filter(value -> value.regionMatches(true, 0, BEARER, 0, BEARER.length()));
        if (header.isEmpty()) {
            return false;
        }
        byte[] given = Sha256.of(header.get().substring(BEARER.length()).strip());
        boolean found = false;
        for (byte[] key : keys) {
            found |= MessageDigest.isEqual(key, given);
        }
        return found;
    }
}
