#![allow(warnings, clippy::all)]
use lifeboat::{clock::Clock, cloud::*, domain::*, plan::Plan};
#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let plan = Plan::read("tests/interop/plans/moto.toml").map_err(|e| eprintln!("{e}")).unwrap();
    for w in plan.warnings() { println!("warning {w}"); }
    let base = Base::new(Access::Habits { profile: None }, Region::new("eu-central-1")).with_endpoint_url(&url);
    let clock = Clock::system();
    let rec = Recorder::new();
    let mut cs = vec![];
    for site in plan.sites.values() {
        cs.push(Connection::open(&base, &SiteSettings { name: site.name.clone(), region: site.region.clone(), profile: None, role_arn: None, external_id: None, session_name: "x".into() }, &clock, &rec).await.unwrap());
    }
    let sites = Sites::new(&cs);
    for name in [SiteName::primary(), SiteName::recovery()] {
        let s = sites.site(&name).unwrap();
        println!("== {name}\nID {:?}", s.sts.identity().await);
        println!("ALARMS {:#?}", s.cloudwatch.alarms(100).await.map(|l| l.rows.into_iter().map(|a| (a.name, a.state, a.transitioned_at, a.evaluation)).collect::<Vec<_>>()));
        println!("HEALTH {:?}", s.health.events(&HealthFilter { services: vec!["S3".into()], regions: vec!["eu-west-1".into()], type_codes: vec![], updated_since: None }, 10).await.map(|l| l.rows.len()).map_err(|e| e.to_string()));
        for v in &plan.site(&name).unwrap().vaults {
            println!("POINTS {:?}", s.backup.recovery_points(v, 10).await.map(|l| l.rows.len()).map_err(|e| e.to_string()));
        }
        println!("PROT {:?}", s.backup.protected_resources(10).await.map(|l| l.rows.len()).map_err(|e| e.to_string()));
    }
}
