/* SPDX-License-Identifier: Apache-2.0 */
/* Little's law gives the batch that a rate keeps, and the share of steps that carry a chunk of
 * a prompt; waiting is that of a queue with one server and equal service times. */
#include "study/serve_estimate.h"

#include <math.h>

static const double QUANTILE_99 = 2.32634787404084; /* of a normal variable */
static const double LOG_100 =
    4.60517018598809; /* a 99th percentile over an exponential's mean */

/* A step of decodes halfway through their answers, with a chunk of prompt tokens. */
static double step_s(const struct step_cost *cost, const struct serve_load *load,
                     double decodes, double chunk)
{
    double prompts = chunk > 0 ? ceil(chunk / load->input) : 0;
    struct step step = {.prefill_tokens = (int64_t)chunk,
                        .prefill_count = (int64_t)prompts,
                        .rows = (int64_t)(decodes + prompts),
                        .prefill_pairs = chunk * load->input / 2,
                        .prefill_context = chunk < load->input ? load->input / 2 : 0,
                        .decode_count = (int64_t)decodes,
                        .decode_context = decodes * (load->input + load->output / 2)};
    return step_cost_s(cost, &step, NULL);
}

/* How long 99 of 100 wait at a server that is busy for this share of the time. */
static double wait_s(double service_s, double busy)
{
    return busy < 1 ? LOG_100 * service_s * busy / (2 * (1 - busy)) : (double)INFINITY;
}

/* Requests come and go at random: their number is this far above its mean at times. */
static double crowd(double mean)
{
    return mean + QUANTILE_99 * sqrt(mean);
}

/* Requests that a pipeline stage's batch may hold. */
static double most_decodes(const struct step_cost *cost, const struct serve_shape *shape,
                           const struct serve_load *load)
{
    double stages = (double)shape->pipeline;
    double held = floor(cost->kv_bytes / cost->kv_token_bytes / stages /
                        (load->input + load->output / 2));
    return fmin(held, ceil((double)shape->sequences / stages));
}

static struct serve_rate at_batch(const struct step_cost *cost, const struct serve_shape *shape,
                                  const struct serve_load *load, double decodes)
{
    double room = (double)shape->tokens - decodes, chunk = fmin(room, load->input);
    if (chunk < 1) {
        return (struct serve_rate){0, 0, 0};
    }
    double chunks = ceil(load->input / chunk);
    double busy = decodes * chunks / load->output; /* share of steps with a chunk */
    double short_s = step_s(cost, load, decodes, 0);
    double long_s = step_s(cost, load, decodes, load->input / chunks);
    double mean_s = short_s + fmin(busy, 1) * (long_s - short_s);
    double spread_s =
        (long_s - short_s) * sqrt(fmin(busy, 1) * fmax(1 - busy, 0) / load->output);
    struct serve_rate rate = {.rate_per_s =
                                  (double)shape->pipeline * decodes / (load->output * mean_s),
                              .ttft_s = load->input_p99 / load->input * chunks * long_s +
                                        wait_s(chunks * long_s, busy),
                              .tpot_s = mean_s + QUANTILE_99 * spread_s};
    bool meets = rate.ttft_s <= load->slo_ttft_s && rate.tpot_s <= load->slo_tpot_s;
    rate.rate_per_s = meets ? rate.rate_per_s : 0;
    return rate;
}

/* Of rising batches, each larger by a tenth. */
struct serve_rate serve_estimate_both(const struct step_cost *cost,
                                      const struct serve_shape *shape,
                                      const struct serve_load *load)
{
    struct serve_rate best = {0, 0, 0};
    double most = most_decodes(cost, shape, load);
    for (double decodes = 1; crowd(floor(decodes)) <= most;
         decodes = fmax(decodes + 1, decodes * 1.1)) {
        struct serve_rate rate = at_batch(cost, shape, load, floor(decodes));
        best = rate.rate_per_s > best.rate_per_s ? rate : best;
    }
    return best;
}

struct serve_rate serve_estimate_decode(const struct step_cost *cost,
                                        const struct serve_shape *shape,
                                        const struct serve_load *load)
{
    struct serve_rate best = {0, 0, 0};
    double most = fmin(most_decodes(cost, shape, load), (double)shape->tokens);
    for (double decodes = 1; crowd(floor(decodes)) <= most;
         decodes = fmax(decodes + 1, decodes * 1.1)) {
        double batch = floor(decodes), time_s = step_s(cost, load, batch, 0);
        double rate_per_s = (double)shape->pipeline * batch / (load->output * time_s);
        double tpot_s = step_s(cost, load, batch + sqrt(batch), 0);
        if (tpot_s <= load->slo_tpot_s && rate_per_s > best.rate_per_s) {
            best = (struct serve_rate){rate_per_s, 0, tpot_s};
        }
    }
    return best;
}

struct serve_rate serve_estimate_prefill(const struct step_cost *cost,
                                         const struct serve_shape *shape,
                                         const struct serve_load *load)
{
    double chunks = ceil(load->input / (double)shape->tokens);
    double service_s = chunks * step_s(cost, load, 0, load->input / chunks);
    double longest_s = load->input_p99 / load->input * service_s;
    double left = 2 * (load->slo_ttft_s - longest_s) / (service_s * LOG_100);
    double busy = left > 0 ? left / (1 + left) : 0;
    return (struct serve_rate){(double)shape->pipeline * busy / service_s,
                               longest_s + wait_s(service_s, busy), 0};
}
