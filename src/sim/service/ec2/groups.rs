//! Security groups and their rules.

use serde_json::{Value, json};

use super::listing::{self, Listing, specified};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members;
use crate::sim::network::{Network, Resource};
use crate::sim::world::World;

const LISTING: Listing = Listing {
    answer: "SecurityGroups",
    ids: "GroupIds",
    id: "GroupId",
    prefix: "sg-",
    code: "InvalidGroup",
    word: "security group",
    filters: &[
        ("description", "Description"),
        ("group-id", "GroupId"),
        ("group-name", "GroupName"),
        ("ip-permission.cidr", "IpPermissions.IpRanges.CidrIp"),
        ("ip-permission.from-port", "IpPermissions.FromPort"),
        ("ip-permission.group-id", "IpPermissions.UserIdGroupPairs.GroupId"),
        ("ip-permission.protocol", "IpPermissions.IpProtocol"),
        ("ip-permission.to-port", "IpPermissions.ToPort"),
        ("ip-permission.group-name", "IpPermissions.UserIdGroupPairs.GroupName"),
        ("ip-permission.ipv6-cidr", "IpPermissions.Ipv6Ranges.CidrIpv6"),
        ("ip-permission.prefix-list-id", "IpPermissions.PrefixListIds.PrefixListId"),
        ("ip-permission.user-id", "IpPermissions.UserIdGroupPairs.UserId"),
        ("egress.ip-permission.cidr", "IpPermissionsEgress.IpRanges.CidrIp"),
        ("egress.ip-permission.from-port", "IpPermissionsEgress.FromPort"),
        ("egress.ip-permission.group-id", "IpPermissionsEgress.UserIdGroupPairs.GroupId"),
        ("egress.ip-permission.group-name", "IpPermissionsEgress.UserIdGroupPairs.GroupName"),
        ("egress.ip-permission.ipv6-cidr", "IpPermissionsEgress.Ipv6Ranges.CidrIpv6"),
        ("egress.ip-permission.prefix-list-id", "IpPermissionsEgress.PrefixListIds.PrefixListId"),
        ("egress.ip-permission.protocol", "IpPermissionsEgress.IpProtocol"),
        ("egress.ip-permission.to-port", "IpPermissionsEgress.ToPort"),
        ("egress.ip-permission.user-id", "IpPermissionsEgress.UserIdGroupPairs.UserId"),
        ("owner-id", "OwnerId"),
        ("vpc-id", "VpcId"),
    ],
};

fn told(call: &Call, arn: &str, resource: &Resource) -> Value {
    let basic = json!({"GroupId": resource.name, "OwnerId": call.caller.account, "SecurityGroupArn": arn});
    let known = &["GroupName", "Description", "VpcId", "IpPermissions", "IpPermissionsEgress"];
    Value::Object(listing::row(resource, basic, known))
}

/// DescribeSecurityGroups.
pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let network = world.network(&call.caller);
    let names = members::texts(&call.input, "GroupNames");
    let rows: Vec<_> = network.of("SecurityGroup").map(|(arn, resource)| told(call, arn, resource)).collect();
    let named = |row: &Value, name: &str| members::text(row, "GroupName") == Some(name);
    if let Some(missing) = names.iter().find(|name| !rows.iter().any(|row| named(row, name))) {
        return Err(LISTING.not_found(&[missing]));
    }
    let rows = rows.into_iter().filter(|row| names.is_empty() || names.iter().any(|name| named(row, name)));
    LISTING.answer(call, rows.collect())
}

/// CreateSecurityGroup.
pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let id = format!("sg-0{}", world.ids.hex(16));
    let (name, words) = (members::required(input, "GroupName"), members::required(input, "Description"));
    let (account, region) = (call.caller.account.clone(), call.caller.region.clone());
    let network = &mut world.site_mut(&call.caller).network;
    let default = network.of("VPC").find(|(_, vpc)| vpc.members.get("IsDefault") == Some(&true.into()));
    let vpc = members::text(input, "VpcId").map(str::to_owned).or_else(|| default.map(|(_, vpc)| vpc.name.clone()));
    let vpc = vpc.ok_or_else(|| Refusal::new("VPCIdNotSpecified", "No default VPC for this user"))?;
    if network.find("VPC", &vpc).is_none() {
        return Err(Refusal::new("InvalidVpcID.NotFound", format!("The vpc ID '{vpc}' does not exist")));
    }
    let mut all = network.of("SecurityGroup");
    if all.any(|(_, group)| group.text("GroupName") == Some(name) && group.text("VpcId") == Some(&vpc)) {
        let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(Refusal::new("InvalidGroup.Duplicate", message));
    }
    drop(all);
    network.add_group(&account, &region, &id, &vpc, name);
    let made = network.find_mut("SecurityGroup", &id);
    let tags = made.map(|made| {
        made.members.insert("Description".into(), words.into());
        made.members.insert("IpPermissions".into(), json!([]));
        made.tags = specified(input, "security-group");
        listing::tags(made)
    });
    world.effect(call, &id);
    let arn = format!("arn:aws:ec2:{region}:{account}:security-group/{id}");
    Ok(json!({"GroupId": id, "SecurityGroupArn": arn, "Tags": tags.unwrap_or_else(|| json!([]))}))
}

/// The id of the group that a call names.
fn group(network: &Network, call: &Call) -> Result<String, Refusal> {
    let (id, name) = (members::text(&call.input, "GroupId"), members::text(&call.input, "GroupName"));
    if id.is_none() && name.is_none() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter groupName or groupId"));
    }
    let mut all = network.of("SecurityGroup").map(|(_, group)| group);
    let found = all.find(|group| id.map_or(group.text("GroupName") == name, |id| group.name == id));
    found.map(|group| group.name.clone()).ok_or_else(|| LISTING.not_found(&[id.or(name).unwrap_or_default()]))
}

/// DeleteSecurityGroup.
pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let network = &mut world.site_mut(&call.caller).network;
    let id = group(network, call)?;
    if network.find("SecurityGroup", &id).and_then(|group| group.text("GroupName")) == Some("default") {
        let message = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(Refusal::new("CannotDelete", message));
    }
    let holds = |resource: &Resource| {
        let held = resource.members.get("SecurityGroupIds").and_then(Value::as_array);
        held.is_some_and(|groups| groups.iter().any(|group| *group == id))
            && !resource.life.over(call.at)
            && resource.life.at(call.at, "running") != "terminated"
    };
    if network.resources.values().any(holds) {
        return Err(Refusal::new("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    network.resources.retain(|_, resource| !(resource.kind == "SecurityGroup" && resource.name == id));
    world.effect(call, &id);
    Ok(json!({"Return": true, "GroupId": id}))
}

/// The rules that a call gives: as a list, or as one by members of the call itself.
fn rules(call: &Call) -> Vec<Value> {
    let input = &call.input;
    let mut rules: Vec<Value> = members::list(input, "IpPermissions").to_vec();
    if let Some(protocol) = members::text(input, "IpProtocol") {
        let mut rule = json!({"IpProtocol": protocol, "IpRanges": [], "UserIdGroupPairs": []});
        for port in ["FromPort", "ToPort"] {
            if let Some(value) = input.get(port) {
                rule[port] = value.clone();
            }
        }
        if let Some(block) = members::text(input, "CidrIp") {
            rule["IpRanges"] = json!([{"CidrIp": block}]);
        }
        rules.push(rule);
    }
    for rule in &mut rules {
        for list in ["IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"] {
            if rule.get(list).is_none() {
                rule[list] = json!([]);
            }
        }
        for pair in rule["UserIdGroupPairs"].as_array_mut().into_iter().flatten() {
            if pair.get("UserId").is_none() {
                pair["UserId"] = call.caller.account.clone().into();
            }
        }
    }
    rules
}

fn side(call: &Call) -> &'static str {
    if call.operation.ends_with("Egress") { "IpPermissionsEgress" } else { "IpPermissions" }
}

fn same_ports(one: &Value, other: &Value) -> bool {
    ["IpProtocol", "FromPort", "ToPort"].iter().all(|member| one.get(member) == other.get(member))
}

const LISTS: [&str; 4] = ["IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"];

/// AuthorizeSecurityGroupIngress and AuthorizeSecurityGroupEgress.
pub(super) fn authorize(world: &mut World, call: &Call) -> Answer {
    let network = &mut world.site_mut(&call.caller).network;
    let id = group(network, call)?;
    let given = rules(call);
    let Some(found) = network.find_mut("SecurityGroup", &id) else { return Err(LISTING.not_found(&[&id])) };
    let mut all = found.members.get(side(call)).and_then(Value::as_array).cloned().unwrap_or_default();
    for rule in given {
        match all.iter_mut().find(|known| same_ports(known, &rule)) {
            None => all.push(rule),
            Some(known) => {
                for list in LISTS {
                    for item in members::list(&rule, list).to_vec() {
                        if members::list(known, list).contains(&item) {
                            let peer = item.get("CidrIp").and_then(Value::as_str).unwrap_or("security-group");
                            let message = format!("the specified rule \"peer: {peer}\" already exists");
                            return Err(Refusal::new("InvalidPermission.Duplicate", message));
                        }
                        if let Some(items) = known[list].as_array_mut() {
                            items.push(item);
                        }
                    }
                }
            }
        }
    }
    found.members.insert(side(call).to_owned(), all.into());
    world.effect(call, &id);
    Ok(json!({"Return": true, "SecurityGroupRules": []}))
}

/// RevokeSecurityGroupIngress and RevokeSecurityGroupEgress.
pub(super) fn revoke(world: &mut World, call: &Call) -> Answer {
    let network = &mut world.site_mut(&call.caller).network;
    let id = group(network, call)?;
    let given = rules(call);
    let Some(found) = network.find_mut("SecurityGroup", &id) else { return Err(LISTING.not_found(&[&id])) };
    let mut all = found.members.get(side(call)).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut revoked = false;
    for rule in given {
        for known in all.iter_mut().filter(|known| same_ports(known, &rule)) {
            for list in LISTS {
                let gone = members::list(&rule, list).to_vec();
                if let Some(items) = known[list].as_array_mut() {
                    let before = items.len();
                    items.retain(|item| !gone.contains(item));
                    revoked |= items.len() < before;
                }
            }
        }
    }
    if !revoked {
        let message = "The specified rule does not exist in this security group.";
        return Err(Refusal::new("InvalidPermission.NotFound", message));
    }
    all.retain(|rule| LISTS.iter().any(|list| !members::list(rule, list).is_empty()));
    found.members.insert(side(call).to_owned(), all.into());
    Ok(json!({"Return": true}))
}
