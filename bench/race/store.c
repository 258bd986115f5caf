#include "bench/race/store.h"

#include "bench/record/csv.h"

#include <stdlib.h>
#include <string.h>

static FILE *open_file(const struct store *store, const char *suffix)
{
    char *path;

    if (asprintf(&path, "%s/raw/%s%s.csv", store->dir, store->experiment,
                 suffix) == -1)
        return NULL;
    FILE *file = fopen(path, "we");
    free(path);
    return file;
}

int store_open(struct store *store, const char *dir, const char *experiment)
{
    *store = (struct store){.dir = dir};
    snprintf(store->experiment, sizeof(store->experiment), "%s",
             experiment);
    store->rows = open_file(store, "");
    if (store->rows == NULL)
        return -1;
    row_write_header(store->rows);
    return 0;
}

static int keep_latency(struct store *store, const struct row *row,
                        const json_t *latency)
{
    json_t *bucket;
    size_t i;

    if (store->latency == NULL) {
        store->latency = open_file(store, ".latency");
        if (store->latency == NULL)
            return -1;
        fputs("block,place,model,x,upper_ns,count\n", store->latency);
    }
    json_array_foreach(latency, i, bucket)
    {
        fprintf(store->latency, "%.0f,%.0f", row->value[ROW_BLOCK],
                row->value[ROW_PLACE]);
        csv_write(store->latency, row->model, 0);
        fprintf(store->latency, ",%.10g,%.0f,%.0f\n", row->value[ROW_X],
                json_number_value(json_array_get(bucket, 0)),
                json_number_value(json_array_get(bucket, 1)));
    }
    return fflush(store->latency) == 0 ? 0 : -1;
}

int store_keep(struct store *store, const struct row *row,
               const json_t *latency)
{
    row_write(store->rows, row);
    if (fflush(store->rows) != 0)
        return -1;
    return latency == NULL ? 0 : keep_latency(store, row, latency);
}

int store_close(struct store *store)
{
    int result = 0;

    if (store->rows != NULL && fclose(store->rows) != 0)
        result = -1;
    if (store->latency != NULL && fclose(store->latency) != 0)
        result = -1;
    store->rows = store->latency = NULL;
    return result;
}
