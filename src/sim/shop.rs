//! The shop that an exercise brings back: which site answers its visitors, and how well.
//!
//! A pure function of the world and of the host that a visitor asks for. Which site a visitor reaches is decided by DNS alone.

use std::sync::Arc;

use chrono::TimeDelta;

use super::service::route53::resolve::{Resolution, resolve};
use super::world::World;

/// The shop of a scenario.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shop {
    /// The name that visitors use; DNS says where it leads.
    pub host: String,
    /// One per site.
    pub fronts: Vec<Front>,
}

/// The shop's front in one site.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Front {
    /// The scenario's name of the site.
    pub site: String,
    /// The Region, as visitors are told it.
    pub region: String,
    /// The address that leads here.
    pub address: String,
    /// A name that always leads here, whatever DNS says.
    pub host: Option<String>,
    /// What it cannot do without.
    pub needs: Vec<Need>,
}

/// Something that a front cannot do without.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// The resource whose restored copy is needed.
    pub restored: Arc<str>,
    /// The instance that the copy must be attached to.
    pub attached_to: Option<String>,
    /// What a visitor reads while it is not there.
    pub sentence: String,
}

/// What a visitor gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// Text.
    pub body: String,
    /// How long the visitor waits for it, in milliseconds of the world's clock.
    pub wait_ms: u64,
}

/// The front of a site.
pub fn front_of<'a>(world: &'a World, site: &str) -> Option<&'a Front> {
    world.scenario.shop.as_ref()?.fronts.iter().find(|front| front.site == site)
}

/// The front that DNS leads visitors to.
pub fn serving(world: &World) -> Option<&Front> {
    let shop = world.scenario.shop.as_ref()?;
    let Resolution::Records(records) = resolve(world, &shop.host, "A") else { return None };
    shop.fronts.iter().find(|front| records.iter().any(|record| record.value == front.address))
}

/// Is the front up, with all that it needs?
pub fn is_well(world: &World, front: &Front) -> bool {
    !world.down.contains_key(&front.site) && missing(world, front).is_none()
}

fn missing<'a>(world: &World, front: &'a Front) -> Option<&'a Need> {
    let site = world.estate.sites.values().find(|site| site.name == front.site);
    front.needs.iter().find(|need| {
        let copy = site.and_then(|site| site.network.restored(&need.restored));
        !copy.is_some_and(|copy| match &need.attached_to {
            Some(instance) => copy.attached.as_ref().is_some_and(|(to, _)| to == instance),
            None => true,
        })
    })
}

/// What a visitor gets who asks for `host`, with or without a port. `None`: no such shop here.
pub fn visit(world: &World, host: &str) -> Option<Page> {
    let shop = world.scenario.shop.as_ref()?;
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_end_matches('.').to_lowercase();
    let direct = shop.fronts.iter().find(|front| front.host.as_ref() == Some(&host));
    let front = match direct {
        Some(front) => front,
        None if host == shop.host => serving(world)?,
        None => shop.fronts.iter().find(|front| front.address == host)?,
    };
    let page = |status, body: String, wait: TimeDelta| Page {
        status,
        headers: vec![("content-type", "text/plain; charset=utf-8".to_owned()), ("x-served-by", front.region.clone())],
        body,
        wait_ms: u64::try_from(wait.num_milliseconds()).unwrap_or(0),
    };
    Some(match (world.down.get(&front.site), missing(world, front)) {
        (Some(wait), _) => page(503, format!("The shop in {} is not available.\n", front.region), *wait),
        (None, Some(need)) => page(503, format!("{}\n", need.sentence), TimeDelta::zero()),
        (None, None) => page(200, format!("Welcome to the shop, served from {}.\n", front.region), TimeDelta::zero()),
    })
}
