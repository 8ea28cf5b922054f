package io.yoco4j.server.api;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Optional;

/** An answer in OpenAI's shape of errors: {@code {"error": {"message", "type", "param", "code"}}} with a status. */
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final String INVALID = "invalid_request_error";

    /** Of HTTP. */
    private final int status;
    /** OpenAI's, of the error. */
    private final String type;

    private final transient Optional<String> param;
    private final transient Optional<String> code;
    private final transient Optional<Duration> retryAfter;

    /**
     * An answer.
     *
     * @param status of HTTP
     * @param type OpenAI's, of the error
     * @param param the field that is wrong, where it is one
     * @param code OpenAI's, where there is one
     * @param retryAfter when it is worth trying again
     * @param message one sentence for the client
     */
    public ApiException(
            int status,
            String type,
            Optional<String> param,
            Optional<String> code,
            Optional<Duration> retryAfter,
            String message) {
        super(message);
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
        this.retryAfter = retryAfter;
    }

    /** A field that is wrong. */
    public static ApiException invalid(String param, String message) {
        return new ApiException(400, INVALID, Optional.of(param), Optional.empty(), Optional.empty(), message);
    }

    /** A request that is wrong as a whole. */
    public static ApiException invalid(int status, String message) {
        return new ApiException(status, INVALID, Optional.empty(), Optional.empty(), Optional.empty(), message);
    }

    /** A prompt with more tokens than there is room for. */
    public static ApiException contextLength(String param, String message) {
        return new ApiException(
                400, INVALID, Optional.of(param), Optional.of("context_length_exceeded"), Optional.empty(), message);
    }

    /** A model that is not served. */
    public static ApiException noModel(String message) {
        return new ApiException(
                404, INVALID, Optional.of("model"), Optional.of("model_not_found"), Optional.empty(), message);
    }

    /** The server cannot now. */
    public static ApiException unavailable(String message, Optional<Duration> retryAfter) {
        return new ApiException(
                503, "service_unavailable_error", Optional.empty(), Optional.empty(), retryAfter, message);
    }

    /** The server has failed. */
    public static ApiException failed(int status, String message) {
        return new ApiException(status, "server_error", Optional.empty(), Optional.empty(), Optional.empty(), message);
    }

    /** HTTP's status. */
    public int status() {
        return status;
    }

    /** When it is worth trying again. */
    public Optional<Duration> retryAfter() {
        return retryAfter;
    }

    /** {@code {"error": ...}}. */
    public ObjectNode body() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ObjectNode error = root.putObject("error");
        error.put("message", getMessage());
        error.put("type", type);
        error.put("param", param.orElse(null));
        error.put("code", code.orElse(null));
        return root;
    }
}
