//! Carries results of the core to JavaScript without losing the code of an error.

use std::future::Future;

use napi::{
  Env, Error, JsError, JsValue as _,
  bindgen_prelude::{JsObjectValue as _, Object, Result, ToNapiValue},
};

use crate::{
  error::{ClusterError, Result as CoreResult},
  runtime,
};

/// Turn a core error into one that JavaScript can branch on: `code`, and the facts in `details`.
pub fn to_js(env: Env, error: &ClusterError) -> Error {
  let js = JsError::from(Error::new(error.code(), error.to_string())).into_unknown(env);
  // An error without its details is still the error.
  if let Ok(mut object) = js.coerce_to_object() {
    let _set = object.set_named_property("details", error.details());
  }
  Error::from(js)
}

/// Run `future` on the core's runtime and settle a promise with its result.
///
/// An `async fn` could only reject with `Error<Status>`, whose code is always a Node-API status such
/// as `GenericFailure`. So the failure travels as a value and becomes a JavaScript error back on the
/// JavaScript thread. The promise is settled whatever happens, a panic of the core included.
pub fn settle<T>(
  env: &Env,
  future: impl Future<Output = CoreResult<T>> + Send + 'static,
) -> Result<Object<'_>>
where
  T: ToNapiValue + Send + 'static,
{
  type Resolver<T> = Box<dyn FnOnce(Env) -> Result<T> + Send>;
  let runtime = runtime::handle().map_err(|error| to_js(*env, &error))?;
  let (deferred, promise) = env.create_deferred::<T, Resolver<T>>()?;
  let outcome = runtime.spawn(future);
  runtime.spawn(async move {
    let outcome = outcome.await.unwrap_or_else(|panic| {
      Err(ClusterError::System { what: "finish a call", reason: panic.to_string() })
    });
    deferred.resolve(Box::new(move |env| outcome.map_err(|error| to_js(env, &error))));
  });
  Ok(promise)
}
