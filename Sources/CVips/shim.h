// Wrappers for the parts of libvips that Swift cannot call: variadic functions and GObject's macros.
// Functions that make a picture return 0 on success and pass one reference to the caller, to be released with
// cvips_unref. Any other return value means an error, with its text in libvips' error buffer.
#ifndef OSPREY_CVIPS_H
#define OSPREY_CVIPS_H

#include <stdbool.h>
#include <vips/vips.h>

static inline void cvips_ignore_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
    (void)domain, (void)level, (void)message, (void)data;
}

/// Starts libvips for a service: without worker threads, cache or log, and with every loader blocked.
static inline int cvips_start(void) {
    if (VIPS_INIT("osprey") != 0) return -1;
    g_log_set_handler("VIPS", (GLogLevelFlags)(G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION),
                      cvips_ignore_log, NULL);
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    // Before 8.15, Orc compiles vector code at run time, which crashes if several threads do so at once (0.4.33).
    // Without it, scaling also produces the same bytes on every CPU.
    vips_vector_set_enabled(FALSE);
    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeignLoad", TRUE);
    return 0;
}

/// Opens a picture with the named loader ("pngload_buffer") and reads only its header. `bytes` must outlive the
/// picture and everything made from it.
static inline int cvips_open(const char *loader, const void *bytes, size_t count, VipsImage **out) {
    VipsBlob *blob = vips_blob_new(NULL, bytes, count);
    // VIPS_FAIL_ON_ERROR rejects truncated pictures and those with codec errors. Pictures with mere codec warnings
    // are accepted, as every viewer shows them.
    int status = vips_call(loader, blob, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
    vips_area_unref(VIPS_AREA(blob));
    return status;
}

/// Wraps `height * width * bands` bytes in a colour space, without copying them.
static inline int cvips_wrap(const void *pixels, size_t count, int width, int height, int bands,
                             VipsInterpretation space, VipsImage **out) {
    VipsImage *wrapped = vips_image_new_from_memory(pixels, count, width, height, bands, VIPS_FORMAT_UCHAR);
    if (wrapped == NULL) return -1;
    int status = vips_copy(wrapped, out, "interpretation", space, NULL);
    g_object_unref(wrapped);
    return status;
}

/// Computes all pixels, `height * width * bands` bytes, from top to bottom, on this thread. Fails when `is_stopped`,
/// called now and then, returns true.
static inline int cvips_write(VipsImage *in, void *pixels, size_t count, bool (*is_stopped)(void)) {
    enum { rows_at_once = 64 };
    VipsImage *target =
        vips_image_new_from_memory(pixels, count, in->Xsize, in->Ysize, in->Bands, VIPS_FORMAT_UCHAR);
    if (target == NULL) return -1;
    VipsRegion *source = vips_region_new(in), *sink = vips_region_new(target);
    int status = vips_image_pio_input(in);
    for (int top = 0; status == 0 && top < in->Ysize; top += rows_at_once) {
        VipsRect rows = {0, top, in->Xsize, VIPS_MIN(rows_at_once, in->Ysize - top)};
        status = is_stopped() || vips_region_image(sink, &rows) || vips_region_prepare_to(source, sink, &rows, 0, top);
    }
    g_object_unref(source);
    g_object_unref(sink);
    g_object_unref(target);
    return status;
}

static inline void cvips_unref(VipsImage *image) { g_object_unref(image); }

/// Flattens the picture onto white and drops its alpha. `white` is the value of both white and full opacity.
static inline int cvips_flatten(VipsImage *in, VipsImage **out, double white, int subtractive) {
    VipsArrayDouble *background = vips_array_double_newv(1, subtractive ? 0.0 : white);
    int status = vips_flatten(in, out, "background", background, "max_alpha", white, NULL);
    vips_area_unref(VIPS_AREA(background));
    return status;
}

/// Converts from the embedded ICC profile to 8 bit sRGB.
static inline int cvips_apply_profile(VipsImage *in, VipsImage **out) {
    return vips_icc_transform(in, out, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_PERCEPTUAL, "depth", 8, NULL);
}

static inline int cvips_convert(VipsImage *in, VipsImage **out, VipsInterpretation space) {
    return vips_colourspace(in, out, space, NULL);
}

static inline int cvips_interpret(VipsImage *in, VipsImage **out, VipsInterpretation space) {
    return vips_copy(in, out, "interpretation", space, NULL);
}

/// Repeats the single band of a grey picture three times.
static inline int cvips_triple(VipsImage *in, VipsImage **out) {
    VipsImage *bands[] = {in, in, in};
    return vips_bandjoin(bands, out, 3, NULL);
}

static inline int cvips_to_bytes(VipsImage *in, VipsImage **out) { return vips_cast_uchar(in, out, NULL); }

static inline int cvips_autorotate(VipsImage *in, VipsImage **out) { return vips_autorot(in, out, NULL); }

static inline int cvips_crop(VipsImage *in, VipsImage **out, int left, int top, int width, int height) {
    return vips_extract_area(in, out, left, top, width, height, NULL);
}

static inline int cvips_rotate(VipsImage *in, VipsImage **out, VipsAngle angle) {
    return vips_rot(in, out, angle, NULL);
}

static inline int cvips_flip(VipsImage *in, VipsImage **out, VipsDirection direction) {
    return vips_flip(in, out, direction, NULL);
}

static inline int cvips_resize(VipsImage *in, VipsImage **out, double horizontal, double vertical) {
    return vips_resize(in, out, horizontal, "vscale", vertical, "kernel", VIPS_KERNEL_LANCZOS3, NULL);
}

#endif
