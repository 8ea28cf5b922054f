package io.yoco4j.server;

import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderNames;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.yoco4j.server.Connections.Client;
import io.yoco4j.server.api.ApiException;
import io.yoco4j.server.api.RequestFields;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;

/** Reads the JSON body of a request, as long as it may be and in the time it has. */
final class BodyReader {
    private final int most;

    BodyReader(int most) {
        this.most = most;
    }

    /**
     * Reads a body.
     *
     * @throws ApiException 413 when it is too long, 415 when it is of another type, 400 when it is not a JSON object
     */
    RequestFields read(ServerRequest request, Client client) {
        // As it was sent: Helidon throws where it is no media type at all.
        boolean json = request.headers()
                .first(HeaderNames.CONTENT_TYPE)
                .map(type ->
                        type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals("application/json"))
                .orElse(false);
        if (!json) {
            // Also what keeps other sites' pages from posting here without asking.
            throw ApiException.invalid(415, "The body must be sent as application/json (header Content-Type)");
        }
        if (request.headers().contentLength().orElse(0) > most) {
            throw tooLong();
        }
        try {
            // Not closed: at the end there is nothing to close, and before it Helidon would wait for more to come.
            InputStream in = request.content().inputStream();
            byte[] body = bytes(request, in);
            if (body.length > most) {
                throw tooLong();
            }
            client.arrived();
            return RequestFields.parse(body);
        } catch (IOException | DataReader.InsufficientDataAvailableException e) {
            // The client has left in the middle of it: nobody is to be told, and nothing is wrong here.
            client.arrived();
            throw new CloseConnectionException("the body ended before its time", e);
        }
    }

    private byte[] bytes(ServerRequest request, InputStream in) throws IOException {
        try {
            return in.readNBytes(most + 1);
        } catch (RequestException e) {
            // A chunk that goes beyond, which has not been read.
            RequestLog.endConnection(request);
            throw tooLong();
        } catch (IllegalArgumentException | DataReader.IncorrectNewLineException e) {
            // Where the next request would begin is not known.
            RequestLog.endConnection(request);
            throw ApiException.invalid(
                    400,
                    "The body's chunks cannot be read: send each as its size in hexadecimal digits, without extensions,"
                            + " and its bytes");
        }
    }

    private ApiException tooLong() {
        return tooLong(most);
    }

    static ApiException tooLong(int most) {
        return ApiException.invalid(413, "The body is longer than the " + most + " bytes that are taken");
    }
}
