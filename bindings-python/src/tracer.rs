//! Starts spans.

use crate::active::{ActiveSpan, Details};
use crate::api::{Api, api};
use crate::context::{self, ParentSpan};
use crate::propagation::baggage_of;
use crate::provider::Provider;
use crate::span::{Birth, Span};
use crate::value::{Attributes, text, text_of, time};
use polyspan::trace::{self, Parent, Scope, SpanContext, SpanKind};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// The tracer of one instrumentation scope; `polyspan.Tracer` is made from this class and opentelemetry-api's.
#[pyclass(frozen, subclass, weakref, module = "polyspan._native")]
pub(crate) struct Tracer {
    tracer: trace::Tracer,
    /// The Python provider.
    provider: Py<PyAny>,
    name: Py<PyString>,
    version: Option<Py<PyString>>,
    schema_url: Option<Py<PyString>>,
    attributes: Py<PyDict>,
}

/// The arguments of `start_span`.
pub(crate) struct Request<'py> {
    pub(crate) name: Bound<'py, PyAny>,
    pub(crate) context: Option<Bound<'py, PyAny>>,
    pub(crate) kind: Option<Bound<'py, PyAny>>,
    pub(crate) attributes: Option<Bound<'py, PyAny>>,
    pub(crate) links: Option<Bound<'py, PyAny>>,
    pub(crate) start_time: Option<Bound<'py, PyAny>>,
    pub(crate) record_exception: bool,
    pub(crate) set_status_on_exception: bool,
}

impl<'py> Request<'py> {
    pub(crate) fn new(name: &Bound<'py, PyAny>) -> Self {
        Self {
            name: name.clone(),
            context: None,
            kind: None,
            attributes: None,
            links: None,
            start_time: None,
            record_exception: true,
            set_status_on_exception: true,
        }
    }
}

impl Tracer {
    /// Starts a span. All that may run Python comes before the core is asked.
    #[inline]
    pub(crate) fn start<'py>(
        slf: &Bound<'py, Self>,
        api: &Api,
        request: &Request<'py>,
    ) -> PyResult<Bound<'py, Span>> {
        let py = slf.py();
        let name = text(&request.name)?;
        let kind = kind_of(py, api, request.kind.as_ref())?;
        let attributes = Attributes::convert(request.attributes.as_ref())?;
        let links = links(py, api, request.links.as_ref())?;
        let start_time = time(request.start_time.as_ref());
        let parent = context::parent(py, api, request.context.as_ref())?;
        let tracer = &slf.get().tracer;
        let baggage = match tracer.provider().baggage_attributes().is_empty() {
            true => None,
            false => Some(baggage_of(py, api, request.context.as_ref())?),
        };

        let (span, parent) = {
            let name = text_of(&name);
            let values = attributes.as_values();
            let start = |parent: Parent<'_>| {
                let mut builder = tracer.span(&name).kind(kind).parent(parent);
                if let Some(baggage) = &baggage {
                    builder = builder.baggage(baggage);
                }
                if let Some(time) = start_time {
                    builder = builder.start_unix_nanos(time);
                }
                let mut span = builder.attributes(&values).start();
                for (context, attributes) in &links {
                    span.add_link(context, &attributes.as_values());
                }
                span
            };
            match parent {
                ParentSpan::Ours(parent) => parent
                    .get()
                    .as_parent(py, |parent| start(Parent::Local(parent)))
                    .map_or_else(
                        || (start(Parent::Root), None),
                        |(span, context)| (span, Some(context)),
                    ),
                ParentSpan::Foreign(context) => (start(Parent::Context(&context)), Some(context)),
                ParentSpan::None => (start(Parent::Root), None),
            }
        };
        let birth = Birth {
            name,
            parent: parent.filter(SpanContext::is_valid),
            tracer: slf,
            record_exception: request.record_exception,
            set_status_on_exception: request.set_status_on_exception,
        };
        Span::make(py, api, span, birth)
    }

    pub(crate) fn resource<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.provider.bind(py).getattr("resource")
    }
}

#[inline]
fn kind_of(py: Python<'_>, api: &Api, kind: Option<&Bound<'_, PyAny>>) -> PyResult<SpanKind> {
    let Some(kind) = kind.filter(|kind| !kind.is_none()) else {
        return Ok(SpanKind::Internal);
    };
    let known = api.kinds.iter().position(|known| kind.is(known.bind(py)));
    let number = known.map_or_else(
        || kind.getattr("value")?.extract(),
        |number| Ok(number as u32),
    )?;
    Ok(SpanKind::from_number(number + 1))
}

type Links<'py> = Vec<(SpanContext, Attributes<'py>)>;

fn links<'py>(
    py: Python<'py>,
    api: &Api,
    links: Option<&Bound<'py, PyAny>>,
) -> PyResult<Links<'py>> {
    let Some(links) = links.filter(|links| !links.is_none()) else {
        return Ok(Vec::new());
    };
    let mut read = Vec::new();
    for link in links.try_iter()? {
        let link = link?;
        let context = context::from_python(py, api, &link.getattr("context")?)?;
        let attributes = Attributes::convert(Some(&link.getattr("attributes")?))?;
        if context.is_valid() || !context.state.is_empty() || !attributes.is_empty() {
            read.push((context, attributes));
        }
    }
    Ok(read)
}

#[pymethods]
impl Tracer {
    #[new]
    #[pyo3(signature = (provider, native, name, version=None, schema_url=None, attributes=None))]
    fn new(
        provider: &Bound<'_, PyAny>,
        native: &Bound<'_, Provider>,
        name: Bound<'_, PyString>,
        version: Option<Bound<'_, PyString>>,
        schema_url: Option<Bound<'_, PyString>>,
        attributes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = provider.py();
        let converted = Attributes::convert(attributes)?;
        let tracer = {
            let text = |given: &Option<Bound<'_, PyString>>| {
                given
                    .as_ref()
                    .map_or_else(String::new, |given| text_of(given).into_owned())
            };
            native.get().core().tracer(Scope {
                name: &text_of(&name),
                version: &text(&version),
                schema_url: &text(&schema_url),
                attributes: &converted.as_values(),
            })
        };
        let kept = PyDict::new(py);
        if let Some(attributes) = attributes.filter(|given| !given.is_none()) {
            kept.update(attributes.cast()?)?;
        }
        Ok(Self {
            tracer,
            provider: provider.clone().unbind(),
            name: name.unbind(),
            version: version.map(Bound::unbind),
            schema_url: schema_url.map(Bound::unbind),
            attributes: kept.unbind(),
        })
    }

    #[pyo3(signature = (name, context=None, kind=None, attributes=None, links=None, start_time=None, record_exception=true, set_status_on_exception=true))]
    #[expect(clippy::too_many_arguments, reason = "opentelemetry-api has them")]
    fn start_span<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyAny>,
        context: Option<Bound<'py, PyAny>>,
        kind: Option<Bound<'py, PyAny>>,
        attributes: Option<Bound<'py, PyAny>>,
        links: Option<Bound<'py, PyAny>>,
        start_time: Option<Bound<'py, PyAny>>,
        record_exception: bool,
        set_status_on_exception: bool,
    ) -> PyResult<Bound<'py, Span>> {
        let request = Request {
            name: name.clone(),
            context,
            kind,
            attributes,
            links,
            start_time,
            record_exception,
            set_status_on_exception,
        };
        Self::start(slf, api(slf.py())?, &request)
    }

    #[pyo3(signature = (name, context=None, kind=None, attributes=None, links=None, start_time=None, record_exception=true, set_status_on_exception=true, end_on_exit=true))]
    #[expect(clippy::too_many_arguments, reason = "opentelemetry-api has them")]
    fn start_as_current_span(
        slf: Py<Self>,
        name: Py<PyAny>,
        context: Option<Py<PyAny>>,
        kind: Option<Py<PyAny>>,
        attributes: Option<Py<PyAny>>,
        links: Option<Py<PyAny>>,
        start_time: Option<Py<PyAny>>,
        record_exception: bool,
        set_status_on_exception: bool,
        end_on_exit: bool,
    ) -> ActiveSpan {
        let given = [&context, &kind, &attributes, &links, &start_time];
        let details = given.iter().any(|given| given.is_some()).then(|| {
            Box::new(Details {
                context,
                kind,
                attributes,
                links,
                start_time,
            })
        });
        ActiveSpan::new(
            slf,
            name,
            details,
            record_exception,
            set_status_on_exception,
            end_on_exit,
        )
    }

    #[getter(_name)]
    fn name(&self, py: Python<'_>) -> Py<PyString> {
        self.name.clone_ref(py)
    }

    #[getter(_version)]
    fn version(&self, py: Python<'_>) -> Option<Py<PyString>> {
        self.version.as_ref().map(|version| version.clone_ref(py))
    }

    #[getter(_schema_url)]
    fn schema_url(&self, py: Python<'_>) -> Option<Py<PyString>> {
        self.schema_url.as_ref().map(|url| url.clone_ref(py))
    }

    #[getter(_attributes)]
    fn attributes(&self, py: Python<'_>) -> Py<PyDict> {
        self.attributes.clone_ref(py)
    }

    /// The resource of the provider.
    #[getter(resource)]
    fn get_resource<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.resource(py)
    }
}
