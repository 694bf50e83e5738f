// The module: arguments in, handles out. The only file that uses node-addon-api.
//
//   open(interface, memory, ingest, deliver, end, empty, spin, notifiers, adaptive, entries)
//     → handle
//   wake(handle)   hold(handle, boolean)   close(handle)   interfaces   layoutVersion
//   share(handle, id, ring) → descriptor that wakes, or -errno   unshare(handle, id)
//   tryUring() → step that was refused or "", -errno or 0, whether it receives ahead
//   capabilities(folder) → [name, result, value][]   raiseFdLimit() → { before, soft, hard }
#include <napi.h>

#include <cmath>
#include <cstdlib>

#include "attached.h"
#include "errors.h"
#include "inbox.h"
#include "interfaces.h"
#include "limits.h"
#include "probe.h"
#ifdef CALANDRIA_URING
#include "uring.h"
#endif

namespace {

using calandria::Attached;

/**
 * A handle outlives its Attached: closing empties it, so that a late call finds nothing to touch.
 */
struct Handle {
  Attached* attached;
};

bool keep(Napi::Env env, Napi::Value value, napi_ref* reference) {
  return napi_create_reference(env, value, 1, reference) == napi_ok;
}

Napi::Value fail(Napi::Env env, const std::string& message, int error) {
  Napi::Error thrown = Napi::Error::New(env, message);
  thrown.Set("code", Napi::String::New(env, "ERR_CALANDRIA_HOST"));
  thrown.Set("errno", Napi::Number::New(env, static_cast<double>(-calandria::seam_result(error))));
  thrown.ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value Open(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const bool typed = info.Length() == 10 && info[0].IsString() && info[1].IsTypedArray() &&
                     info[2].IsFunction() && info[3].IsFunction() && info[4].IsFunction() &&
                     info[5].IsFunction() && info[6].IsNumber() && info[7].IsNumber() &&
                     info[8].IsBoolean() && info[9].IsNumber();
  if (!typed) {
    const char* usage =
        "open(interface, memory, ingest, deliver, end, empty, spin, notifiers, adaptive, entries)";
    Napi::TypeError::New(env, usage).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const calandria::ShimOptions options = {info[7].As<Napi::Number>().Int32Value(),
                                          info[8].As<Napi::Boolean>().Value(),
                                          info[9].As<Napi::Number>().Uint32Value()};
  if (options.notifiers < 1 || options.notifiers > calandria::NOTIFIERS_MAX) {
    return fail(env, "this shim has no room for so many notifiers", 0);
  }
  const std::string name = info[0].As<Napi::String>();
  const calandria::Interface* interface =
      calandria::interface_named(name.c_str(), options.notifiers);
  if (interface == nullptr) return fail(env, "this shim has no such interface", 0);
  Napi::Uint8Array memory = info[1].As<Napi::Uint8Array>();
  auto* attached = static_cast<Attached*>(calloc(1, sizeof(Attached)));
  if (attached == nullptr) return fail(env, "out of memory", -12);
  attached->env = env;
  const double spin = info[6].As<Napi::Number>().DoubleValue();
  attached->spin = spin > 0 && spin < 1e9 ? static_cast<uint64_t>(spin) : 0;
  int error = 0;
  const char* wrong = calandria::shim_open(&attached->shim, interface, &options,
                                           memory.Data(), memory.ByteLength(), &error);
  if (wrong != nullptr) {
    free(attached);
    return fail(env, wrong, error);
  }
  const bool kept = keep(env, memory, &attached->memory) &&
                    keep(env, info[2], &attached->ingest) &&
                    keep(env, info[3], &attached->deliver) && keep(env, info[4], &attached->end) &&
                    keep(env, info[5], &attached->empty) &&
                    napi_async_init(env, nullptr, Napi::String::New(env, "CALANDRIA"),
                                    &attached->context) == napi_ok;
  auto* handle = static_cast<Handle*>(calloc(1, sizeof(Handle)));
  error = kept && handle != nullptr ? calandria::attached_start(attached) : UV_ENOMEM;
  if (error < 0) {
    free(handle);
    calandria::attached_close(attached);
    return fail(env, uv_strerror(error), error);
  }
  handle->attached = attached;
  attached->holder = &handle->attached;
  return Napi::External<Handle>::New(env, handle, [](Napi::Env, Handle* released) {
    if (released->attached != nullptr) released->attached->holder = nullptr;
    free(released);
  });
}

Attached* attached_of(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsExternal()) {
    Napi::TypeError::New(info.Env(), "the first argument is the handle that open() returned")
        .ThrowAsJavaScriptException();
    return nullptr;
  }
  return info[0].As<Napi::External<Handle>>().Data()->attached;
}

void Wake(const Napi::CallbackInfo& info) {
  Attached* attached = attached_of(info);
  if (attached != nullptr) calandria::attached_wake(attached);
}

void Hold(const Napi::CallbackInfo& info) {
  Attached* attached = attached_of(info);
  if (attached != nullptr) calandria::attached_hold(attached, info[1].ToBoolean());
}

void Close(const Napi::CallbackInfo& info) {
  Attached* attached = attached_of(info);
  if (attached != nullptr) calandria::attached_close(attached);
}

Napi::Value Share(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Attached* attached = attached_of(info);
  if (attached == nullptr) return env.Undefined();
  if (info.Length() != 3 || !info[1].IsNumber() || !info[2].IsTypedArray()) {
    Napi::TypeError::New(env, "share(handle, id, ring)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  // Over a SharedArrayBuffer, which has no handle of its own in Node-API; its views have.
  Napi::Uint8Array ring = info[2].As<Napi::Uint8Array>();
  napi_ref keeper = nullptr;
  if (!keep(env, ring, &keeper)) return fail(env, "out of memory", -12);
  const int result =
      calandria::inbox_share(&attached->shim, info[1].As<Napi::Number>().Int32Value(),
                             ring.Data(), ring.ByteLength(), keeper);
  if (result < 0) napi_delete_reference(env, keeper);
  return Napi::Number::New(env, static_cast<double>(calandria::seam_result(result)));
}

void Unshare(const Napi::CallbackInfo& info) {
  Attached* attached = attached_of(info);
  if (attached == nullptr || info.Length() != 2) return;
  const int32_t id = info[1].ToNumber().Int32Value();
  void* keeper = calandria::inbox_unshare(&attached->shim, id);
  if (keeper != nullptr) napi_delete_reference(info.Env(), static_cast<napi_ref>(keeper));
}

Napi::Value Capabilities(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsString()) {
    Napi::TypeError::New(env, "capabilities(folder)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  calandria::Capability found[calandria::PROBE_MAX];
  const std::string folder = info[0].As<Napi::String>();
  const uint32_t count = calandria::probe(folder.c_str(), found);
  Napi::Array rows = Napi::Array::New(env, count);
  for (uint32_t place = 0; place < count; place++) {
    Napi::Array row = Napi::Array::New(env, 3);
    row.Set(0u, Napi::String::New(env, found[place].name));
    row.Set(1u, Napi::Number::New(env, found[place].result));
    row.Set(2u, Napi::Number::New(env, static_cast<double>(found[place].value)));
    rows.Set(place, row);
  }
  return rows;
}

#ifdef CALANDRIA_URING
Napi::Value TryUring(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  calandria::UringRefusal refusal;
  bool ahead = false;
  calandria::uring_usable(&refusal, &ahead);
  Napi::Array answer = Napi::Array::New(env, 3);
  const char* step = refusal.step == nullptr ? "" : refusal.step;
  answer.Set(0u, Napi::String::New(env, step));
  answer.Set(1u, Napi::Number::New(env, refusal.error));
  answer.Set(2u, Napi::Boolean::New(env, ahead));
  return answer;
}
#endif

Napi::Value RaiseFdLimit(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  calandria::DescriptorLimit limit = {};
  const int result = calandria::raise_descriptor_limit(&limit);
  if (result < 0) return fail(env, "the limit of descriptors cannot be raised", result);
  Napi::Object answer = Napi::Object::New(env);
  const auto set = [&](const char* name, rlim_t value) {
    const double number = value == RLIM_INFINITY ? INFINITY : static_cast<double>(value);
    answer.Set(name, Napi::Number::New(env, number));
  };
  set("before", limit.before);
  set("soft", limit.soft);
  set("hard", limit.hard);
  return answer;
}

Napi::Object Initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("open", Napi::Function::New(env, Open, "open"));
  exports.Set("wake", Napi::Function::New(env, Wake, "wake"));
  exports.Set("hold", Napi::Function::New(env, Hold, "hold"));
  exports.Set("close", Napi::Function::New(env, Close, "close"));
  exports.Set("share", Napi::Function::New(env, Share, "share"));
  exports.Set("unshare", Napi::Function::New(env, Unshare, "unshare"));
  exports.Set("capabilities", Napi::Function::New(env, Capabilities, "capabilities"));
  exports.Set("raiseFdLimit", Napi::Function::New(env, RaiseFdLimit, "raiseFdLimit"));
  Napi::Array interfaces = Napi::Array::New(env);
  for (uint32_t place = 0; calandria::INTERFACES[place] != nullptr; place++) {
    interfaces.Set(place, Napi::String::New(env, calandria::INTERFACES[place]->name));
  }
#ifdef CALANDRIA_URING
  exports.Set("tryUring", Napi::Function::New(env, TryUring, "tryUring"));
#endif
  exports.Set("interfaces", interfaces);
  exports.Set("layoutVersion", Napi::Number::New(env, layout::LAYOUT_VERSION));
  return exports;
}

}  // namespace

NODE_API_MODULE(calandria, Initialise)
