package io.yoco4j.eval;

/**
 * A measured value.
 *
 * @param name {@code acc}, {@code acc_norm}, {@code perplexity}, {@code bits_per_byte}, {@code f1}, ...
 * @param value the mean, or what the name says
 * @param standardError of the value over items; NaN where it has none
 */
public record Metric(String name, double value, double standardError) {

    /** The mean of samples and its standard error, that of the sample's deviation over the root of their number. */
    public static Metric mean(String name, double[] samples) {
        double sum = 0;
        for (double s : samples) {
            sum += s;
        }
        double mean = sum / samples.length;
        double squares = 0;
        for (double s : samples) {
            squares += (s - mean) * (s - mean);
        }
        double error =
                samples.length < 2 ? Double.NaN : Math.sqrt(squares / (samples.length - 1)) / Math.sqrt(samples.length);
        return new Metric(name, mean, error);
    }

    /** exp of minus the mean of log-probabilities; its error is that of the mean times the value (to first order). */
    public static Metric perplexity(String name, double[] logProbabilities) {
        Metric mean = mean(name, logProbabilities);
        double value = Math.exp(-mean.value());
        return new Metric(name, value, value * mean.standardError());
    }
}
